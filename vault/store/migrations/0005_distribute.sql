SELECT create_reference_table('custody_register');
SELECT create_reference_table('custodian');
SELECT create_reference_table('custodial_act');
SELECT create_reference_table('custodial_approval');
