SELECT create_distributed_table('audit_cut', 'stream', colocate_with => 'audit_entry');
