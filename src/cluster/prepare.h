#pragma once

#include <string>
#include <vector>

namespace tinderbox::cluster {

// Steps that some services need before they run, done by their own process: it prepares, and then becomes the service.
// Each step counts as done only when it is whole, and is never done over data that is there. All throw Error, whose
// message is the reason why the service ended.

/// Formats a NameNode's folder (`data`/namenode) when there is none. `command` starts the NameNode.
void PrepareNameNode(const std::string& data, const std::vector<std::string>& command);

/// Makes a folder in HDFS when there is none, asking the NameNode at its page's address.
void MakeHdfsFolder(const std::string& host, int port, const std::string& folder);

/// A PostgreSQL database to be: `folder` is the cluster's.
struct PostgresPlan {
  std::string folder;
  std::string programs;  ///< where initdb and postgres are
  std::string user;
  std::string database;
};
/// Makes the database in `folder`/data/postgres when there is none, and becomes the server, `command` with its folder
/// added: as another user when this one is root, whom PostgreSQL refuses.
[[noreturn]] void BecomePostgres(const PostgresPlan& plan, const std::vector<std::string>& command);

/// Becomes the program, found on the path. Returns only by throwing Error.
[[noreturn]] void Become(const std::vector<std::string>& command);

/// Runs a program to its end with `input` as its standard input (at most some kilobytes), and our output. Throws Error
/// when it fails.
void RunStep(const std::vector<std::string>& command, const std::string& what, const std::string& input = "");

}  // namespace tinderbox::cluster
