SELECT create_distributed_table('webhook_endpoints', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('webhook_deliveries', 'account_id', colocate_with => 'accounts');
