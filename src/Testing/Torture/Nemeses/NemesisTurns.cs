namespace RaftStream.Testing;

/// <summary>Whose turn it is: each nemesis has one, in an order that is drawn, before any has a second one.</summary>
/// <param name="nemeses">All of them; at least one.</param>
/// <param name="random">What the order is drawn from.</param>
internal sealed class NemesisTurns(IReadOnlyList<INemesis> nemeses, SimRandom random)
{
    private readonly List<INemesis> _bag = [];
    private readonly HashSet<INemesis> _deferred = [];

    /// <summary>The next one.</summary>
    public INemesis Next()
    {
        if (_bag.Count == 0)
        {
            _bag.AddRange(nemeses);
            _deferred.Clear();
        }

        var place = random.Below(_bag.Count);
        var drawn = _bag[place];
        _bag.RemoveAt(place);
        return drawn;
    }

    /// <summary>
    /// It found nothing to strike, and has its turn later in this round: once, so that one that never finds anything holds nobody up. In a short run a leader that was just being elected
    /// would else be spared altogether.
    /// </summary>
    public void Defer(INemesis nemesis)
    {
        if (_deferred.Add(nemesis))
            _bag.Add(nemesis);
    }
}
