namespace RaftStream.Testing;

/// <summary>Ways are bad without being cut: late, lossy, slow, spoilt, or torn down in the middle of what they carry.</summary>
/// <param name="name">Its name on the command line.</param>
/// <param name="needs">What the driver must be able to do.</param>
/// <param name="draw">How bad.</param>
internal sealed class NetworkTroubles(string name, LinkFaults needs, Func<SimRandom, LinkFault> draw) : INemesis
{
    /// <summary>All kinds.</summary>
    public static IReadOnlyList<NetworkTroubles> All { get; } =
    [
        new("delay", LinkFaults.Delay, static random => new() { Delay = TimeSpan.FromMilliseconds(random.Between(5, 150)), Jitter = TimeSpan.FromMilliseconds(random.Between(1, 200)) }),
        new("loss", LinkFaults.Loss, static random => new() { Loss = 0.02 + (0.3 * random.NextUnit()) }),
        new("slow-link", LinkFaults.Rate, static random => new() { BytesPerSecond = random.Between(1_000, 20_000) }),
        new("corruption", LinkFaults.Corruption, static random => new() { Corruption = 0.001 + (0.05 * random.NextUnit()) }),
        new("reset", LinkFaults.Reset, static random => new() { Reset = 0.002 + (0.05 * random.NextUnit()) }),
    ];

    public string Name => name;

    public string? WhyNot(Field field) =>
        !field.Driver.Abilities.HasFlag(needs) ? $"The driver {field.Driver.Name} cannot make {name} on a way."
        : needs == LinkFaults.Corruption && !field.System.ChecksBytes ? $"The nodes of {field.System.Name} do not check the bytes that they send each other."
        : null;

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random);
        var fault = draw(random);

        // Between nodes alone: what clients send is not protected by checksums, and a bit turned over there is another request.
        var trouble = new Dictionary<Link, LinkFault>();
        foreach (var node in nodes)
        {
            foreach (var other in field.Members.Where(other => other != node))
                trouble[new(node, other)] = trouble[new(other, node)] = fault;
        }

        var before = await field.Driver.TouchedAsync();
        await field.Ways.AddAsync(trouble);
        return new($"{name} around {string.Join(' ', nodes)}", nodes, () => field.Ways.RemoveAsync(trouble), async () => await field.Driver.TouchedAsync() > before);
    }
}
