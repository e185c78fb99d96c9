#pragma once

namespace spark::connect {
class Plan;
class SQL;
}  // namespace spark::connect

namespace tinderbox::engine {

/// The text with its parameters, parsed. Throws Error as sql::ParseStatement does.
::spark::connect::Plan ParseSqlStatement(const ::spark::connect::SQL& sql);

}  // namespace tinderbox::engine
