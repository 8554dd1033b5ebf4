"""Sources and schemas: datasets, field taxonomies, and views of an event in a taxonomy.

Everything here is facts and look-ups; the IR is unknown to this package. Import the modules that
you need: `datasets`, `fields`, `derive`, `taxonomy`, `cim`, `views`, `windows`, `attack`, `ecs`.
"""
