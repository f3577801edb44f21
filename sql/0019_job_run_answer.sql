-- What a submit with a token was answered, so that its repetition is answered
-- the same.
ALTER TABLE job_run
	ADD COLUMN submit_answer MEDIUMTEXT NULL;
