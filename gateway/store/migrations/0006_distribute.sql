SELECT create_distributed_table('search_metadata', 'account_id', colocate_with => 'accounts');
