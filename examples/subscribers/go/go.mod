module alertwire/subscriber

go 1.26.0

require (
	alertwire/executor v0.0.0
	github.com/pebbe/zmq4 v1.4.0
	google.golang.org/protobuf v1.36.12
)

replace alertwire/executor => ../../../consumer/go
