SELECT create_distributed_table('bank_accounts', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('payouts', 'account_id', colocate_with => 'accounts');
SELECT create_distributed_table('sandbox_bank_orders', 'account_id', colocate_with => 'accounts');
