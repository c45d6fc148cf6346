using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>Three nodes of a <see cref="FakeSystem"/>, which nothing happens to.</summary>
internal sealed class FakeDriver : IClusterDriver
{
    public string Name => "fake";

    public LinkFaults Abilities => LinkFaults.None;

    public bool CutsNewcomers => true;

    public string WhyNoWallClocks => "Nothing runs here.";

    public bool SetsWallClocks { get; set; }

    public IReadOnlyList<int> Nodes { get; } = [1, 2, 3];

    public int AddNode() => throw new NotSupportedException("There are three.");

    public void Start(int node)
    {
    }

    public Task KillAsync(int node) => Task.CompletedTask;

    public Task StopAsync(int node) => Task.CompletedTask;

    public void Pause(int node, bool isPaused)
    {
    }

    public bool IsRunning(int node) => true;

    public int StartsOf(int node) => 1;

    public string FolderOf(int node) => throw new NotSupportedException("There is none.");

    public string ClientAddress(int node, string port) => $"node-{node}";

    public string LabAddress(int node, string port) => $"node-{node}";

    public string SharedAddress(int node, string port) => LabAddress(node, port);

    public Task SetLinkAsync(Link link, LinkFault fault) => Task.CompletedTask;

    public Task<long> TouchedAsync() => Task.FromResult(0L);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
