using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Workflow;

/// <summary>An engine whose processes are on this machine.</summary>
internal interface IMeasuredEngine : IWorkflowEngine
{
    /// <summary>The use of the machine by the workflow's processes; null while there are none, and where it cannot be read.</summary>
    TreeUsage? Usage();
}
