namespace RaftStream.Testing;

/// <summary>
/// A bit turns over in a file of a node that is stopped. The node must notice, or be none the worse; one that refuses to start is replaced by a new one
/// under an id of its own, as the sentence with which it refuses says.
/// </summary>
internal sealed class BitFlips(IMemberAdmin? admin) : INemesis
{
    private const string NemesisName = "bit-flip";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public string Name => NemesisName;

    /// <summary>The nodes in whose files bits turned over.</summary>
    public static IReadOnlySet<int> SpoiltBy(IReadOnlyList<RunFault> faults) => faults.Where(static fault => fault.Nemesis == NemesisName).SelectMany(static fault => fault.Nodes).ToHashSet();

    public string? WhyNot(Field field) => admin is null ? $"{field.System.Name} has no way to replace a node whose disk is damaged." : null;

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        // Whoever is away already counts: a majority must live without the damaged disk.
        if (field.Members.Count < 3 || !await MemberTroubles.TidyAsync(field, admin!) || !field.Members.All(node => field.Watch.ViewOf(node) is not null))
            return null;
        var node = field.Members[random.Below(field.Members.Count)];
        await field.Driver.KillAsync(node);
        var files = Directory.EnumerateFiles(Path.Combine(field.Driver.FolderOf(node), "data"), "*", SearchOption.AllDirectories)
            .Where(static file => new FileInfo(file).Length > 0).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0)
            return null;
        var file = files[random.Below(files.Count)];
        var flipped = Flip(file, random);

        // What it said before it was killed must not count as a sign that it is up again.
        await field.Watch.HoldsAsync(() => field.Watch.ViewOf(node) is null, Patience);
        field.Driver.Start(node);
        return new($"bit {flipped} of {Path.GetFileName(file)} of {node}", [node], () => ReplaceIfRefusedAsync(field, node), static () => Task.FromResult(true)) { AtLeast = TimeSpan.FromSeconds(2) };
    }

    private static long Flip(string path, SimRandom random)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

        // What is in use stands at the beginning: segments are made longer than they are filled.
        var bit = random.Chance(0.5) ? random.Below(Math.Min(file.Length, 65_536) * 8) : random.Below(file.Length * 8);
        file.Position = bit / 8;
        var old = file.ReadByte();
        file.Position = bit / 8;
        file.WriteByte((byte)(old ^ (1 << (int)(bit % 8))));
        file.Flush(flushToDisk: true);
        return bit;
    }

    private async Task ReplaceIfRefusedAsync(Field field, int node)
    {
        // On a busy machine it takes a while until a process either answers or has refused to start.
        await field.Watch.HoldsAsync(() => !field.Driver.IsRunning(node) || field.Watch.ViewOf(node) is not null, Patience);
        if (field.Driver.IsRunning(node))
            return;
        using var patience = new CancellationTokenSource(Patience);
        await MemberTroubles.GrowAsync(field, admin!, patience.Token);
        field.Left(node);
        await admin!.RemoveAsync(field.Addresses, node, patience.Token);
    }
}
