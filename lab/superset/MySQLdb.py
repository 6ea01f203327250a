"""MySQLdb by PyMySQL: it needs no library of MySQL's, and mysql+mysqldb:// works as with mysqlclient."""
import pymysql

pymysql.install_as_MySQLdb()
