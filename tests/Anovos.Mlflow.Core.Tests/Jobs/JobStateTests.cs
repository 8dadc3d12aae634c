using System.Text.Json;
using Anovos.Mlflow.Jobs;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Jobs;

/// <summary>Tests how the description of a job run from <c>runs/get</c> is read.</summary>
public sealed class JobStateTests
{
    [Theory]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "SUCCESS" } }""", RunStatus.Finished)]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "SUCCESS_WITH_FAILURES" } }""", RunStatus.Finished)]
    [InlineData("""{ "state": { "life_cycle_state": "INTERNAL_ERROR", "result_state": "FAILED" } }""", RunStatus.Failed)]
    [InlineData("""{ "state": { "life_cycle_state": "SKIPPED", "state_message": "Too many" } }""", RunStatus.Failed)]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "TIMEDOUT" } }""", RunStatus.Killed)]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "CANCELED" } }""", RunStatus.Killed)]
    [InlineData("""{ "status": { "state": "TERMINATED", "termination_details": { "code": "SUCCESS" } } }""", RunStatus.Finished)]
    [InlineData("""{ "status": { "state": "TERMINATED", "termination_details": { "code": "CLUSTER_ERROR" } } }""", RunStatus.Failed)]
    [InlineData("""{ "status": { "state": "TERMINATED", "termination_details": { "code": "A_CODE_OF_TOMORROW" } } }""", RunStatus.Failed)]
    [InlineData("""{ "status": { "state": "TERMINATED", "termination_details": { "code": "USER_CANCELED" } } }""", RunStatus.Killed)]

    // The two fields differ only for an instant; the newer one counts.
    [InlineData(
        """
        { "state": { "life_cycle_state": "RUNNING" }, "status": { "state": "TERMINATED", "termination_details": { "code": "SUCCESS" } } }
        """,
        RunStatus.Finished)]
    [InlineData(
        """
        {
          "state": { "life_cycle_state": "TERMINATED", "result_state": "TIMEDOUT" },
          "status": { "state": "TERMINATED", "termination_details": { "code": "CANCELED" } }
        }
        """,
        RunStatus.Killed)]
    public void A_run_that_is_over_has_a_status(string run, RunStatus status)
    {
        JobState state = Read(run);
        Assert.True(state.Status.IsOver);
        Assert.Equal(status, state.ToEnd().Status);
    }

    [Theory]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATING" } }""")]
    [InlineData("""{ "status": { "state": "TERMINATING", "termination_details": { "code": "USER_CANCELED" } } }""")]
    [InlineData("""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "SUCCESS" }, "status": { "state": "RUNNING" } }""")]
    public void A_run_that_ends_is_not_over_yet(string run) => Assert.False(Read(run).Status.IsOver);

    [Fact]
    public void Of_a_task_the_last_attempt_counts_whatever_page_it_is_on()
    {
        JobState state = Read(
            """
            { "status": { "state": "RUNNING" }, "tasks": [
              { "task_key": "b", "run_id": 1, "attempt_number": 1, "status": { "state": "RUNNING" } } ] }
            """,
            """
            { "tasks": [
              { "task_key": "b", "run_id": 2, "attempt_number": 0, "status": { "state": "TERMINATED" } },
              { "task_key": "a", "run_id": 3, "start_time": 5, "status": { "state": "TERMINATED" } },
              { "task_key": "a", "run_id": 4, "start_time": 0, "status": { "state": "PENDING" } } ] }
            """);
        Assert.Equal([("b", 1L), ("a", 4L)], state.Tasks.Select(task => (task.Key, task.RunId)));
    }

    [Theory]
    [InlineData("[]", false)]
    [InlineData("""[ { "type": "REPAIR", "id": 7, "status": { "state": "RUNNING" } } ]""", false)]
    [InlineData("""[ { "type": "REPAIR", "id": 7, "status": { "state": "TERMINATED" } } ]""", true)]
    public void A_repair_that_does_not_show_yet_is_waited_for(string history, bool isOver)
    {
        string run = $$"""{ "state": { "life_cycle_state": "TERMINATED", "result_state": "FAILED" }, "repair_history": {{history}} }""";
        Assert.Equal(isOver, Read(7, run).Status.IsOver);
        Assert.True(Read(run).Status.IsOver);
    }

    [Fact]
    public void The_end_names_the_tasks_that_failed_and_what_to_do()
    {
        WorkflowEnd end = Read(
            """
            {
              "run_type": "JOB_RUN",
                  "status": { "state": "TERMINATED", "termination_details": { "code": "RUN_EXECUTION_ERROR", "message": "It failed." } },
              "tasks": [
                { "task_key": "a", "run_id": 1, "status": { "state": "TERMINATED", "termination_details": { "code": "SUCCESS" } } },
                { "task_key": "b", "run_id": 2,
                    "status": { "state": "TERMINATED", "termination_details": { "code": "LIBRARY_INSTALLATION_ERROR" } } },
                { "task_key": "c", "run_id": 3, "status": { "state": "TERMINATED", "termination_details": { "code": "SKIPPED" } } } ]
            }
            """).ToEnd();
        Assert.StartsWith("The job run 5 ended as RUN_EXECUTION_ERROR in task b: It failed. Correct the libraries.", end.Fault);
        Assert.EndsWith("Invoke-AnovosWorkflow -Repair runs the failed tasks again.", end.Fault);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "state": 5 }""")]
    [InlineData("""{ "state": { "life_cycle_state": "RUNNING" }, "tasks": [ {} ] }""")]
    public void A_response_of_another_form_is_an_error(string run) =>
        Assert.Equal(ErrorKind.ServerError, Assert.Throws<MlflowException>(() => Read(run)).Kind);

    private static JobState Read(params string[] pages) =>
        JobState.Read([.. pages.Select(page => JsonDocument.Parse(page).RootElement)], 5, null);

    private static JobState Read(long repairId, string page) => JobState.Read([JsonDocument.Parse(page).RootElement], 5, repairId);
}
