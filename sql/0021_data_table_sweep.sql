ALTER TABLE data_table
	ADD COLUMN sweep_seq BIGINT NULL;
