SELECT create_reference_table('hsm_key');
