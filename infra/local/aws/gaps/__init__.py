"""What moto 5.2.5 answers otherwise than AWS, closed: a module a service, each with ``close()``.

Each gap has a test that shows it in plain moto, and fails when moto has closed it itself: then
the patch goes.
"""
