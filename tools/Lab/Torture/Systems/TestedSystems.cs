using RaftStream.Lab.Torture.Systems;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>The systems that the lab knows by name, and the drivers that run their nodes.</summary>
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

    /// <summary>The names of the drivers.</summary>
    public static IReadOnlyList<string> Drivers { get; } = ["process", "namespace", "container"];

    /// <summary>In one sentence why a driver of this name cannot run here; null if it can.</summary>
    public static string? WhyNot(string driver) => driver switch
    {
        "process" => null,
        "namespace" => NamespaceDriver.WhyNot(),
        "container" => ContainerDriver.WhyNot(),
        _ => $"there is none of that name: give {string.Join(", ", Drivers)}.",
    };

    /// <summary>A driver by name, with places for the first nodes.</summary>
    /// <exception cref="TortureException">There is none of that name, or it cannot run here.</exception>
    public static IClusterDriver Drive(string name, ITestedSystem system, int nodes, string folder, ulong seed)
    {
        try
        {
            return name switch
            {
                "process" => new ProcessDriver(system, nodes, folder, seed),
                "namespace" when NamespaceDriver.WhyNot() is { } why => throw new TortureException($"--driver namespace cannot be had here: {why}"),
                "namespace" => new NamespaceDriver(system, nodes, folder, seed),
                "container" when ContainerDriver.WhyNot() is { } why => throw new TortureException($"--driver container cannot be had here: {why}"),
                "container" => new ContainerDriver(system, nodes, folder, seed),
                _ => throw new TortureException($"--driver {name} is unknown: give process, namespace or container."),
            };
        }
        catch (InvalidOperationException refused)
        {
            throw new TortureException(refused.Message, refused);
        }
    }
}
