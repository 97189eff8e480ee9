SELECT create_distributed_table('card', 'account_id');
SELECT create_distributed_table('card_key', 'account_id', colocate_with => 'card');
SELECT create_distributed_table('merchant_key', 'account_id', colocate_with => 'card');
