using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Workflow;

/// <summary>An engine whose processes are on this machine.</summary>
internal interface IMeasuredEngine : IWorkflowEngine
{
    /// <summary>The resource usage of the workflow's processes; null while there are none, or if it cannot be read.</summary>
    TreeUsage? Usage();
}
