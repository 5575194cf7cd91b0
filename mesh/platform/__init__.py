"""The local platform: real parts as processes of this machine, kept by one small supervisor.

``mesh up`` declares parts (:mod:`mesh.platform.part`) and hands them to the supervisor process, which starts,
watches, restarts and stops them. Other programs steer it through :mod:`mesh.platform.client`.
"""
