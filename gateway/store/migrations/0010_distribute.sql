SELECT create_distributed_table('checkout_sessions', 'account_id', colocate_with => 'accounts');
