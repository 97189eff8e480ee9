// The parts of Asio that are compiled once; Beast and SSL have theirs in common/http.
#include <boost/asio/impl/src.hpp>
