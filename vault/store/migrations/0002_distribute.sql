SELECT create_distributed_table('exchange', 'account_id', colocate_with => 'card');
SELECT create_reference_table('number_block');
