from tests.store.conftest import empty_url, mysql_server, mysql_url

__all__ = ["empty_url", "mysql_server", "mysql_url"]
