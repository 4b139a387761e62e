"""An emulated AWS for one machine: moto's server, whose ECS really runs Fargate tasks.

Test equipment. It behaves as the ECS API reference says (each rule names its page) and no
more than the project needs; production code never imports it.
"""
