-- What a party (id and role) may do at the other parties of this site: one
-- row per granted word. kind is role, command or component.
CREATE TABLE IF NOT EXISTS party_privilege (
	src_party_id VARCHAR(10) NOT NULL,
	src_role VARCHAR(50) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	word VARCHAR(128) NOT NULL,
	create_time BIGINT NOT NULL,
	PRIMARY KEY (src_party_id, src_role, kind, word)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
