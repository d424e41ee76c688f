package flinktest

import (
	"fmt"
	"net/http"
	"strings"
)

// The figures that each job of a Server has.
const (
	In, Out, Lag, Late = 600, 177, 5, 3
	Rate               = 12.5
	// Watermark is in milliseconds.
	Watermark = 1795169394000
	// Checkpoints is how many were completed, and CheckpointAt when the last was.
	Checkpoints  = 11
	CheckpointAt = 1795464813444
)

func (s *Server) jobRoutes(add func(string, func(*http.Request, map[string]any) (int, any))) {
	of := func(do func(*Job, *http.Request, object) (int, any)) func(*http.Request, map[string]any) (int, any) {
		return func(r *http.Request, body object) (int, any) {
			j := s.jobs[r.PathValue("job")]
			if j == nil {
				return fails(404, "org.apache.flink.runtime.rest.NotFoundException: Job "+r.PathValue("job")+" not found\n\tat a.B.c(B.java:1)\n"+
					"Caused by: org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job ("+r.PathValue("job")+")")
			}
			return do(j, r, body)
		}
	}
	add("GET /jobs/{job}", of(func(j *Job, _ *http.Request, _ object) (int, any) { return 200, described(j) }))
	add("GET /jobs/{job}/checkpoints", of(func(j *Job, _ *http.Request, _ object) (int, any) { return 200, checkpoints(j) }))
	add("GET /jobs/{job}/exceptions", of(func(j *Job, _ *http.Request, _ object) (int, any) {
		entries := []object{}
		if j.Trace != "" {
			entries = append(entries, object{"stacktrace": j.Trace, "timestamp": CheckpointAt})
		}
		return 200, object{"exceptionHistory": object{"entries": entries, "truncated": false}}
	}))
	add("GET /jobs/{job}/metrics", of(func(j *Job, _ *http.Request, _ object) (int, any) {
		return 200, []object{{"id": "numRestarts", "value": fmt.Sprint(j.Restarts)}}
	}))
	add("GET /jobs/{job}/vertices/{vertex}/subtasks/metrics", of(metrics))
	add("POST /jobs/{job}/checkpoints", of(func(*Job, *http.Request, object) (int, any) {
		request := s.next("request-%d")
		s.savings[request] = saving{}
		return 202, object{"request-id": request}
	}))
	add("GET /jobs/{job}/checkpoints/{request}", func(r *http.Request, _ map[string]any) (int, any) { return s.saved(r.PathValue("request")) })
	add("POST /jobs/{job}/stop", func(r *http.Request, body map[string]any) (int, any) { return s.stop(r.PathValue("job"), body) })
	add("GET /jobs/{job}/savepoints/{request}", func(r *http.Request, _ map[string]any) (int, any) { return s.saved(r.PathValue("request")) })
	add("PATCH /jobs/{job}", of(func(j *Job, _ *http.Request, _ object) (int, any) {
		if j.State == "RUNNING" || j.State == "RESTARTING" {
			j.State = "CANCELED"
			return 202, object{}
		}
		return fails(409, "org.apache.flink.runtime.rest.handler.RestHandlerException: Job cancellation failed because the job has already reached another terminal state ("+j.State+").")
	}))
	add("POST /savepoint-disposal", func(_ *http.Request, body map[string]any) (int, any) {
		path, _ := body["savepoint-path"].(string)
		s.disposd = append(s.disposd, path)
		request := s.next("disposal-%d")
		s.savings[request] = saving{}
		return 200, object{"request-id": request}
	})
	add("GET /savepoint-disposal/{request}", func(r *http.Request, _ map[string]any) (int, any) { return s.saved(r.PathValue("request")) })
}

func described(j *Job) object {
	tasks := object{"RUNNING": 0, "FINISHED": 0, "CANCELED": 1}
	switch j.State {
	case "RUNNING":
		tasks = object{"RUNNING": 1}
	case "FINISHED":
		tasks = object{"FINISHED": 1}
	}
	return object{
		"jid": j.ID, "name": j.Name, "state": j.State, "isStoppable": false,
		"vertices": []object{
			{"id": "source", "name": "Source: in -> Calc[1]", "parallelism": 1, "tasks": tasks},
			{"id": "window", "name": "Window[2] -> out[3]: Writer", "parallelism": 1, "tasks": tasks},
		},
		"plan": object{"nodes": []object{{"id": "source"}, {"id": "window", "inputs": []object{{"id": "source"}}}}},
	}
}

func checkpoints(j *Job) object {
	latest := object{
		"completed": object{
			"id": Checkpoints, "trigger_timestamp": CheckpointAt - 17, "latest_ack_timestamp": CheckpointAt, "end_to_end_duration": 17,
			"state_size": 875, "external_path": "file:/checkpoints/" + j.ID + "/chk-11", "discarded": j.State == "FINISHED",
		},
		"savepoint": nil,
	}
	if j.Savepoint != "" {
		latest["savepoint"] = object{
			"id": Checkpoints + 1, "trigger_timestamp": CheckpointAt + 1000, "latest_ack_timestamp": CheckpointAt + 1100, "end_to_end_duration": 100,
			"state_size": 900, "external_path": j.Savepoint, "discarded": false, "is_savepoint": true,
		}
	}
	return object{"counts": object{"completed": Checkpoints, "failed": 0}, "latest": latest}
}

func metrics(_ *Job, r *http.Request, _ object) (int, any) {
	of := map[string]map[string]float64{
		"source": {
			"numRecordsIn": In, "numRecordsInPerSecond": Rate, "Source__in.numRecordsIn": In, "Source__in.pendingRecords": Lag, "Source__in.currentOutputWatermark": Watermark,
			"Calc[1].currentOutputWatermark": Watermark, "Source__in.split.in-0.watermark.currentWatermark": Watermark + 1, "Calc[1].numRecordsIn": In,
		},
		"window": {
			"numRecordsIn": 183, "Window[2].numLateRecordsDropped": Late, "out[3]__Writer.numRecordsIn": Out, "out[3]__Committer.numRecordsIn": 1,
			"Window[2].currentOutputWatermark": Watermark - 1,
		},
	}[r.PathValue("vertex")]
	answer := []object{}
	get := r.URL.Query().Get("get")
	if get == "" {
		for id := range of {
			answer = append(answer, object{"id": id})
		}
		return 200, answer
	}
	for id := range strings.SplitSeq(get, ",") {
		if v, ok := of[id]; ok {
			answer = append(answer, object{"id": id, "sum": v, "min": v})
		}
	}
	return 200, answer
}

// stop ends a job that runs, with a savepoint.
func (s *Server) stop(id string, body object) (int, any) {
	request := s.next("request-%d")
	one := saving{}
	folder, _ := body["targetDirectory"].(string)
	if folder == "" {
		folder = "file:/savepoints"
	}
	switch j := s.jobs[id]; {
	case j == nil || j.State == "FINISHED" || j.State == "CANCELED" || j.State == "FAILED":
		one.trace = "java.util.concurrent.CompletionException: org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (" + id + ")\n" +
			"Caused by: org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (" + id + ")\n"
	case j.State != "RUNNING":
		one.trace = "java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint triggering task Source: in (1/1) is not being executed at the moment. " +
			"Aborting checkpoint. Failure reason: Not all required tasks are currently running.\n"
	case strings.HasPrefix(folder, "file:///proc"):
		one.trace = "java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: An Exception occurred while triggering the checkpoint. IO-problem detected.\n" +
			"Caused by: java.io.IOException: Failed to create savepoint directory at " + folder + "\n"
	default:
		one.location = folder + "/savepoint-" + s.next("%d")
		j.State, j.Savepoint = "FINISHED", one.location
	}
	s.savings[request] = one
	return 202, object{"request-id": request}
}

func (s *Server) saved(request string) (int, any) {
	one, ok := s.savings[request]
	if !ok {
		return fails(404, "org.apache.flink.runtime.rest.handler.RestHandlerException: There is no savepoint operation with triggerId="+request)
	}
	if one.asked++; one.asked == 1 {
		s.savings[request] = one
		return 200, object{"status": object{"id": "IN_PROGRESS"}, "operation": nil}
	}
	op := object{"location": one.location}
	if one.trace != "" {
		op = object{"failure-cause": object{"class": "java.util.concurrent.CompletionException", "stack-trace": one.trace}}
	}
	return 200, object{"status": object{"id": "COMPLETED"}, "operation": op}
}
