SELECT create_distributed_table('setup_intents', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('setup_attempts', 'account_id', colocate_with => 'accounts');
