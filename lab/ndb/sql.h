// What most of the SQL layer includes, parsed once for all of it: half of the time to build is parsing headers.
#include "my_config.h"
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
#include "sql/sql_class.h"
#include "sql/sql_lex.h"
#include "sql/item_func.h"
#include "sql/sql_base.h"
#include "sql/sql_parse.h"
#include "sql/sql_optimizer.h"
#include "sql/dd/cache/dictionary_client.h"
#include "sql/mysqld.h"
#include "sql/handler.h"
