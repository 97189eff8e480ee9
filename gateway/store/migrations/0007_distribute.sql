SELECT create_distributed_table('refunds', 'account_id', colocate_with => 'accounts');
