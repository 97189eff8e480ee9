SELECT create_distributed_table('tokens', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('confirmation_tokens', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('ephemeral_keys', 'account_id', colocate_with => 'accounts');
