namespace RaftStream.Testing;

/// <summary>Every nemesis there is.</summary>
internal static class NemesisCatalog
{
    /// <summary>The name that stands for all that can be made here.</summary>
    public const string All = "all";

    /// <summary>The names, as the command line has them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Create(null).Select(static nemesis => nemesis.Name)];

    /// <summary>One of each.</summary>
    public static IReadOnlyList<INemesis> Create(IMemberAdmin? admin) =>
    [
        .. Partitions.All, .. NetworkTroubles.All, .. ProcessTroubles.All, .. DiskTroubles.All, new ClockTroubles(isDrift: true), new ClockTroubles(isDrift: false),
        new WallClockTroubles(isStrobe: false), new WallClockTroubles(isStrobe: true), new StaleLeader(), new SnapshotStorm(),
        new BitFlips(admin), new MemberTroubles(admin, isChange: true), new MemberTroubles(admin, isChange: false),
    ];
}
