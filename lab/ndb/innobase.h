// What most of InnoDB includes, parsed once for all of it.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
#include "univ.i"
#include "sql/sql_class.h"
#include "buf0buf.h"
#include "dict0dict.h"
#include "trx0trx.h"
#include "row0mysql.h"
#include "srv0srv.h"
#include "btr0cur.h"
