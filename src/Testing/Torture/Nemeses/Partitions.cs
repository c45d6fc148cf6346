namespace RaftStream.Testing;

/// <summary>Ways are cut so that nothing arrives. Which ways, the shape says.</summary>
/// <param name="name">Its name on the command line.</param>
/// <param name="shape">Draws the ways to cut; none: there is nothing to cut just now.</param>
internal sealed class Partitions(string name, Func<Field, SimRandom, PartitionShape?> shape) : INemesis
{
    /// <summary>All shapes.</summary>
    public static IReadOnlyList<Partitions> All { get; } =
    [
        new("partition-halves", Halves), new("partition-leader", Leader), new("partition-one-way", OneWay), new("partition-bridge", Bridge),
        new("partition-ring", Ring), new("partition-clients", Clients), new("partition-node", Node),
    ];

    public string Name => name;

    public string? WhyNot(Field field) =>
        field.Driver.Abilities.HasFlag(LinkFaults.Drop) ? null : $"The driver {field.Driver.Name} cannot cut ways.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        if (shape(field, random) is not { } drawn)
            return null;
        var trouble = drawn.Cut.Distinct().ToDictionary(static link => link, static _ => new LinkFault { Drops = true });
        var before = await field.Driver.TouchedAsync();
        await field.Ways.AddAsync(trouble);
        return new(drawn.What, drawn.Nodes, () => field.Ways.RemoveAsync(trouble), async () => await field.Driver.TouchedAsync() > before);
    }

    private static PartitionShape Halves(Field field, SimRandom random)
    {
        var nodes = field.Shuffled(random);
        var (few, many) = (nodes[..field.Minority], nodes[field.Minority..]);
        return new($"{Text(few)} | {Text(many)}", few, Between(few, many));
    }

    /// <summary>The leader sees nobody, and its clients still see it.</summary>
    private static PartitionShape? Leader(Field field, SimRandom random)
    {
        if (field.Watch.Leader is not { } leader || !field.Members.Contains(leader))
            return null;
        return new($"leader {leader} alone", [leader], Between([leader], [.. field.Members.Where(node => node != leader)]));
    }

    private static PartitionShape OneWay(Field field, SimRandom random)
    {
        var node = field.DrawOne(random);
        var others = field.Members.Where(other => other != node);
        return random.Chance(0.5)
            ? new($"nothing reaches {node}", [node], [.. others.Select(other => new Link(other, node))])
            : new($"nothing comes from {node}", [node], [.. others.Select(other => new Link(node, other))]);
    }

    /// <summary>One node sees all, and the others two halves that see each other through it alone.</summary>
    private static PartitionShape Bridge(Field field, SimRandom random)
    {
        var nodes = field.Shuffled(random);
        var (left, right) = (nodes[1..(1 + ((nodes.Count - 1) / 2))], nodes[(1 + ((nodes.Count - 1) / 2))..]);
        return new($"{Text(left)} - {nodes[0]} - {Text(right)}", nodes, Between(left, right));
    }

    /// <summary>Every node sees a majority, and no two the same one: each loses the ways to those farthest from it in a ring.</summary>
    private static PartitionShape Ring(Field field, SimRandom random)
    {
        var nodes = field.Shuffled(random);
        var reach = Math.Max(1, nodes.Count / 4);
        var cut = new List<Link>();
        for (var one = 0; one < nodes.Count; one++)
        {
            for (var other = 0; other < nodes.Count; other++)
            {
                var apart = Math.Min((one - other + nodes.Count) % nodes.Count, (other - one + nodes.Count) % nodes.Count);
                if (apart > reach)
                    cut.Add(new(nodes[one], nodes[other]));
            }
        }

        // Of three, all are neighbours: then one pair loses sight of each other.
        if (cut.Count == 0)
            cut.AddRange(Between(nodes[..1], nodes[1..2]));
        return new($"ring {Text(nodes)}", nodes, cut);
    }

    /// <summary>Clients lose some nodes; the nodes notice nothing.</summary>
    private static PartitionShape Clients(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random);
        return new($"clients | {Text(nodes)}", nodes, Between([Link.Clients], nodes));
    }

    /// <summary>A node is cut off from everybody, its clients too.</summary>
    private static PartitionShape Node(Field field, SimRandom random)
    {
        var node = field.DrawOne(random);
        return new($"{node} alone, without clients", [node], Between([node], [Link.Clients, .. field.Members.Where(other => other != node)]));
    }

    private static List<Link> Between(IReadOnlyList<int> one, IReadOnlyList<int> other) =>
        [.. one.SelectMany(from => other.SelectMany(to => new[] { new Link(from, to), new Link(to, from) }))];

    private static string Text(IEnumerable<int> nodes) => string.Join(' ', nodes);
}

/// <summary>Which ways to cut.</summary>
/// <param name="What">In a few words.</param>
/// <param name="Nodes">Whom it strikes.</param>
/// <param name="Cut">The ways.</param>
internal sealed record PartitionShape(string What, IReadOnlyList<int> Nodes, IReadOnlyList<Link> Cut);
