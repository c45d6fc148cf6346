namespace RaftStream.Raft.Tests.Io;

/// <summary>A folder of its own for one test, gone with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("raftstream-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
