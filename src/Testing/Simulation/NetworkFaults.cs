namespace RaftStream.Testing;

/// <summary>Ways in which nodes do not hear each other, for a while.</summary>
internal sealed class NetworkFaults(Simulation simulation, SimRandom random, Marooning marooning)
{
    /// <summary>Two sides hear one node in common and not each other (the outage of Cloudflare's on 2020-11-02).</summary>
    public void Bridge(SimNode bridge)
    {
        var sides = random.NextBits();
        simulation.Happened("bridge", bridge);
        foreach (var from in simulation.Nodes)
        {
            foreach (var to in simulation.Nodes)
                simulation.Network.Cut(from.Id, to.Id, from != bridge && to != bridge && ((sides >> from.Id.Value) & 1) != ((sides >> to.Id.Value) & 1));
        }

        HealLater();
    }

    /// <summary>A node is cut off from all others.</summary>
    public void Maroon(SimNode node) => marooning.Cut(node);

    /// <summary>Two sides do not hear each other; or one node is alone for long.</summary>
    public void Partition()
    {
        if (marooning.TryBegin())
            return;
        var sides = random.NextBits();
        simulation.Happened("partition", null);
        foreach (var from in simulation.Nodes)
        {
            foreach (var to in simulation.Nodes)
                simulation.Network.Cut(from.Id, to.Id, ((sides >> from.Id.Value) & 1) != ((sides >> to.Id.Value) & 1));
        }

        HealLater();
    }

    /// <summary>Some do not hear a node, though it hears them.</summary>
    public void CutOneWay(SimNode from)
    {
        simulation.Happened("one-way cut", from);
        foreach (var to in simulation.Nodes)
        {
            if (random.Chance(0.6))
                simulation.Network.Cut(from.Id, to.Id, true);
        }

        HealLater();
    }

    private void HealLater() =>
        simulation.Events.Add(simulation.Now + random.Between(50_000_000, 2_000_000_000), new(SimEventKind.Heal, default, default, 0, 0, 0, null));
}
