SELECT create_distributed_table('files', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('file_contents', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('file_links', 'account_id', colocate_with => 'accounts');
