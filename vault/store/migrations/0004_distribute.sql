SELECT create_distributed_table('audit_entry', 'stream', colocate_with => 'none');
SELECT create_distributed_table('audit_checkpoint', 'stream', colocate_with => 'audit_entry');
