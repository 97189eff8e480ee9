SELECT create_distributed_table('balance_transactions', 'account_id', colocate_with => 'accounts');
