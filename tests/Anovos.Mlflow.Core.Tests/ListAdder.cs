namespace Anovos.Mlflow.Tests;

internal static class ListAdder
{
    /// <summary>Adds to the list from any thread.</summary>
    public static Action<T> Adder<T>(this List<T> list) => item =>
    {
        lock (list)
            list.Add(item);
    };
}
