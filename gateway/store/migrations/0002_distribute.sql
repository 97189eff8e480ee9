SELECT create_distributed_table('customers', 'account_id', colocate_with => 'accounts');
