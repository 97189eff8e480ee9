SELECT create_distributed_table('card_metadata', 'account_id', colocate_with => 'card');
SELECT create_distributed_table('card_tombstone', 'account_id', colocate_with => 'card');
SELECT create_distributed_table('card_bulk_chunk', 'account_id', colocate_with => 'card');
SELECT create_distributed_table('card_velocity', 'fingerprint', colocate_with => 'none');
SELECT create_reference_table('job_lease');
