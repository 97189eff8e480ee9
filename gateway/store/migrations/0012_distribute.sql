SELECT create_distributed_table('reviews', 'account_id', colocate_with => 'accounts');
