using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// An MLflow database in a file. Each operation has its own transaction, and each command its own connection. So no lock is held between
/// two commands, and the file can be moved right after a command. Safe for several threads.
/// </summary>
internal sealed class SqliteDatabase
{
    // The revision of a database that no version of MLflow has opened yet.
    private const string OwnRevision = "acf3f17fdcc7";

    // SQLite's lock has no queue: many threads would retry again and again, and some would give up.
    private readonly SemaphoreSlim _writer = new(1, 1);

    private readonly SqliteLock _lock;
    private readonly SqliteConnections _connections;
    private readonly Lazy<string> _script = new(() => ReadScript("Schema.sql"));
    private volatile SqliteSchema? _schema;

    /// <summary>Creates a database for the file <paramref name="path"/>, a full path. Opens nothing yet.</summary>
    public SqliteDatabase(string path)
    {
        Path = path;
        Uri = SqliteUri.Of(path);
        ArtifactRoot = ArtifactRootOf(path);
        _lock = new SqliteLock(path);
        _connections = new SqliteConnections(path);
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; }

    /// <summary>The tracking URI: <c>sqlite:///</c> and the path.</summary>
    public string Uri { get; }

    /// <summary>The artifact folder for experiments without their own location.</summary>
    public string ArtifactRoot { get; }

    /// <summary>Returns the artifact folder that belongs to the database in that file.</summary>
    public static string ArtifactRootOf(string path) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "mlruns");

    /// <summary>Whether the file exists. If it does not, the store reads as empty.</summary>
    public bool Exists => File.Exists(Path);

    /// <summary>
    /// Returns the artifact location for an experiment without its own: a full path, in the form in which MLflow stores it.
    /// </summary>
    public string ArtifactLocation(string experimentId)
    {
        string folder = System.IO.Path.Combine(ArtifactRoot, experimentId);
        return WindowsName.IsWindows ? LocalUri.FromPath(folder) : folder;
    }

    /// <summary>Keeps the file open, but not locked, between the operations of one command, until the result is disposed.</summary>
    public IDisposable KeepOpen() => _connections.Keep();

    /// <summary>Runs a read in one transaction, outside the calling thread. A file that does not exist reads as an empty store.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.StoreInvalid"/> if the file cannot be used; <see cref="ErrorKind.PermissionDenied"/>.
    /// </exception>
    public Task<T> ReadAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) => Task.Run(
        () => SqliteErrors.Translate(Path, () => Read(work, cancellationToken), cancellationToken), cancellationToken);

    /// <summary>Runs a write in one transaction, outside the calling thread. A file that does not exist is created.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async Task<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                () => SqliteErrors.Translate(Path, () => Write(work, cancellationToken), cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<SqliteSession> work, CancellationToken cancellationToken) => WriteAsync<object?>(
        session =>
        {
            work(session);
            return null;
        }, cancellationToken);

    /// <summary>
    /// Adds the tables of MLflow 3.1 for logged models to a database that this module created, unless they exist. A database that some
    /// version of MLflow has opened does not change, because that version could no longer open it.
    /// </summary>
    public Task AddLoggedModelsAsync(CancellationToken cancellationToken) => _schema?.HasLoggedModels == true
        ? Task.CompletedTask
        : WriteAsync(
            session =>
            {
                string? revision = session.First("SELECT version_num FROM alembic_version", row => row.GetString(0));
                if (!session.Schema.HasLoggedModels && revision == OwnRevision)
                    session.Execute(ReadScript("LoggedModels.sql"));
            }, cancellationToken);

    private T Read<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        if (Exists)
        {
            using SqliteConnections.Lease lease = _connections.Take(SqliteOpenMode.ReadWrite);
            SqliteConnection connection = lease.Connection;
            using CancellationTokenRegistration interrupt = InterruptOn(connection, cancellationToken);
            SqliteSchema schema = _lock.Wait(() => Begin(connection, "BEGIN"), cancellationToken);
            if (!schema.IsEmpty)
            {
                T result = _lock.Wait(() => work(new SqliteSession(connection, schema, cancellationToken)), cancellationToken);
                Execute(connection, "COMMIT");
                return result;
            }
        }

        using SqliteConnection empty = SqliteConnections.OpenInMemory();
        Execute(empty, _script.Value);
        return work(new SqliteSession(empty, SqliteSchema.Read(empty, number: 0), cancellationToken));
    }

    private T Write<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        using SqliteConnections.Lease lease = _connections.Take(SqliteOpenMode.ReadWriteCreate);
        SqliteConnection connection = lease.Connection;
        using CancellationTokenRegistration interrupt = InterruptOn(connection, cancellationToken);
        // Begins as a writer: a transaction that begins as a reader fails if another process writes in the meantime.
        SqliteSchema schema = _lock.Wait(() => Begin(connection, "BEGIN IMMEDIATE"), cancellationToken);
        if (schema.IsEmpty)
        {
            // In its own transaction: if the change is refused, an empty store is left, not an empty file.
            Create(connection);
            Commit(connection, cancellationToken);
            schema = _lock.Wait(() => Begin(connection, "BEGIN IMMEDIATE"), cancellationToken);
        }

        T result = work(new SqliteSession(connection, schema, cancellationToken));
        Commit(connection, cancellationToken);
        return result;
    }

    private void Commit(SqliteConnection connection, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _lock.Wait(() => Execute(connection, "COMMIT"), cancellationToken);
    }

    // Reads the schema in the transaction, where it cannot change.
    private SqliteSchema Begin(SqliteConnection connection, string statement)
    {
        // A repeated attempt may already be in a transaction that could not read yet.
        if (raw.sqlite3_get_autocommit(connection.Handle) != 0)
            Execute(connection, statement);
        long number = Convert.ToInt64(Scalar(connection, "PRAGMA schema_version"), CultureInfo.InvariantCulture);
        if (_schema is { } known && known.Number == number)
            return known;
        SqliteSchema schema = SqliteSchema.Read(connection, number);
        if (!schema.IsEmpty && schema.FindMissing() is { } missing)
        {
            bool isMlflow = schema.Has("alembic_version", "version_num");
            throw Unfit(missing, isMlflow ? Scalar(connection, "SELECT version_num FROM alembic_version") : null);
        }

        return _schema = schema;
    }

    private void Create(SqliteConnection connection)
    {
        Execute(connection, _script.Value);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
            VALUES (0, 'Default', $location, 'active', $now, $now)
            """;
        command.Parameters.AddWithValue("$location", ArtifactLocation("0"));
        command.Parameters.AddWithValue("$now", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        command.ExecuteNonQuery();
    }

    private MlflowException Unfit(string missing, object? revision)
    {
        string message = revision is null
            ? $"'{Path}' is a SQLite database, but not an MLflow database: it has no '{missing}'. Use another file name."
            : $"The database '{Path}' was written by an old MLflow (schema {revision}) and has no '{missing}'. Make a copy of the file, "
                + $"then upgrade it with MLflow 2.13 or later: mlflow db upgrade \"{Uri}\"";
        return new MlflowException(ErrorKind.StoreInvalid, message) { Target = Path };
    }

    private static CancellationTokenRegistration InterruptOn(SqliteConnection connection, CancellationToken cancellationToken)
    {
        sqlite3 handle = connection.Handle!;
        return cancellationToken.Register(() => raw.sqlite3_interrupt(handle));
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static string ReadScript(string name)
    {
        using Stream stream = typeof(SqliteDatabase).Assembly.GetManifestResourceStream($"Anovos.Mlflow.Tracking.Sqlite.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
