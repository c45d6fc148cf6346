namespace RaftStream.Testing;

/// <summary>The drivers by name: what runs the nodes of a cluster, and cuts them from one another.</summary>
internal static class ClusterDrivers
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["process", "namespace", "container"];

    /// <summary>In one sentence why a driver cannot be had here; null if it can.</summary>
    public static string? WhyNot(string name) => name switch
    {
        "process" => null,
        "namespace" => Reason(name, NamespaceDriver.WhyNot()),
        "container" => Reason(name, ContainerDriver.WhyNot()),
        _ => $"There is no driver '{name}': give {string.Join(", ", Names.SkipLast(1))} or {Names[^1]}.",
    };

    /// <summary>A driver by name, with places for the first nodes.</summary>
    /// <exception cref="InvalidOperationException">There is none of that name, or it cannot run here.</exception>
    public static IClusterDriver Create(string name, ITestedSystem system, int nodes, string folder, ulong seed) => WhyNot(name) is { } why
        ? throw new InvalidOperationException(why)
        : name switch
        {
            "process" => new ProcessDriver(system, nodes, folder, seed),
            "namespace" => new NamespaceDriver(system, nodes, folder, seed),
            _ => new ContainerDriver(system, nodes, folder, seed),
        };

    private static string? Reason(string name, string? why) => why is null ? null : $"The driver '{name}' cannot be had here: {why}";
}
