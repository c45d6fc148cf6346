using RaftStream.Lab.Torture.Systems;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>The systems that the lab knows by name.</summary>
internal static class TestedSystems
{
    private const string RaftStream = "raftstream";

    /// <summary>The names of the systems.</summary>
    public static IReadOnlyList<string> Names { get; } = [RaftStream, "redis", "etcd"];

    /// <summary>A system by name.</summary>
    /// <exception cref="TortureException">There is none of that name.</exception>
    public static ITestedSystem Create(string name) => name switch
    {
        RaftStream => new RaftStreamSystem(),
        "redis" => new RedisSystem(),
        "etcd" => new EtcdSystem(),
        _ => throw new TortureException($"--system {name} is unknown: give raftstream, redis or etcd."),
    };

    /// <summary>Who changes its members; null where nobody can.</summary>
    public static RaftStreamMembers? MembersOf(string name) => name == RaftStream ? new() : null;
}
