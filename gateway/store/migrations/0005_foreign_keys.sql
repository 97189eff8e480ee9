ALTER TABLE files ADD CONSTRAINT files_account FOREIGN KEY (account_id) REFERENCES accounts (account_id);
ALTER TABLE file_contents ADD CONSTRAINT file_contents_of_file FOREIGN KEY (account_id, id) REFERENCES files (account_id, id);
ALTER TABLE file_links ADD CONSTRAINT file_links_of_file FOREIGN KEY (account_id, file) REFERENCES files (account_id, id);
