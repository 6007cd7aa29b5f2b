"""Listens where it was told to: LocalStack binds all interfaces, whatever `GATEWAY_LISTEN` says.

It has no access control, so nobody but this machine may reach it.
"""

import functools

from localstack.runtime import hooks


@hooks.on_infra_start()
def listen_on_loopback():
    from twisted.internet import endpoints

    class Loopback(endpoints.TCP4ServerEndpoint):
        __init__ = functools.partialmethod(endpoints.TCP4ServerEndpoint.__init__, interface="127.0.0.1")

    endpoints.TCP4ServerEndpoint = Loopback
