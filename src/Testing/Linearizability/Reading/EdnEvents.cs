namespace RaftStream.Testing.Linearizability;

/// <summary>
/// Makes events of Jepsen's maps. Values of many objects come as pairs of key and value (<c>[k v]</c>): a history is of that kind if every call of
/// a client has a pair, and each cas a pair whose second is again a pair.
/// </summary>
internal static class EdnEvents
{
    /// <summary>The events of clients; what the nemesis does is left out.</summary>
    public static List<HistoryEvent> Read(string first, LineSource lines, int limit)
    {
        var events = new List<HistoryEvent>();
        foreach (var map in new EdnReader(first, lines).ReadMaps())
        {
            if (Parse(map) is { } read)
                events.Add(read);
            if (events.Count > limit)
                throw new HistoryFormatException(map.Line, $"is event {events.Count}: {limit} are the most that are read.");
        }
        var calls = events.Where(static read => read.Type == EventType.Invoke && read.Key is null).ToList();
        if (calls.Count == 0 || !calls.TrueForAll(IsPair))
            return events;
        return [.. events.Select(static read => read.Key is null ? Split(read) : read)];
    }

    private static bool IsPair(HistoryEvent read) =>
        read.Value.Members.Count == 2 && (read.Function != "cas" || read.Value.Members[1].Members.Count == 2);

    private static HistoryEvent Split(HistoryEvent read)
    {
        if (read.Value.Members.Count == 2)
            return read with { Key = KeyText(read.Value.Members[0]), Value = read.Value.Members[1] };

        // What became of a call is told without the pair where nothing is known.
        return read.Type is EventType.Fail or EventType.Info
            ? read with { Value = default }
            : throw new HistoryFormatException(read.Line, $"has the value {read.Value} where every call has a pair of key and value: give a pair.");
    }

    private static string KeyText(HistoryValue key) => key.Kind == HistoryValueKind.Text ? key.Text : key.ToString();

    private static HistoryEvent? Parse(EdnNode map)
    {
        if (map.Kind != EdnKind.Map)
            throw new HistoryFormatException(map.Line, "holds something that is no map: write one map an event.");
        var process = Find(map, "process");
        if (process is { Kind: EdnKind.Keyword })
            return null;
        if (process is not { Kind: EdnKind.Scalar, Scalar.Kind: HistoryValueKind.Number })
            throw new HistoryFormatException(map.Line, "has no whole number as :process: give each client its own.");
        var type = Find(map, "type") is { Kind: EdnKind.Keyword } given ? given.Name : "";
        if (!HistoryEvent.TryParse(type, out var known))
            throw new HistoryFormatException(map.Line, $"has the type \"{type}\": give :invoke, :ok, :fail or :info.");
        if (Find(map, "f") is not { Kind: EdnKind.Keyword } function)
            throw new HistoryFormatException(map.Line, "has no keyword as :f: give the name of the operation.");
        var key = Find(map, "key") is { } named ? KeyText(ValueOf(named)) : null;
        var value = Find(map, "value") is not { } told ? default
            : known is EventType.Fail or EventType.Info && !IsPlain(told) ? default : ValueOf(told);
        return new(map.Line, process.Scalar.Number, known, function.Name, key, value);
    }

    private static EdnNode? Find(EdnNode map, string name)
    {
        for (var place = 0; place + 1 < map.Members.Count; place += 2)
        {
            if (map.Members[place].Kind == EdnKind.Keyword && map.Members[place].Name == name)
                return map.Members[place + 1];
        }
        return null;
    }

    private static bool IsPlain(EdnNode node) => node.Kind switch
    {
        EdnKind.Scalar or EdnKind.Keyword => true,
        EdnKind.Sequence => node.Members.All(IsPlain),
        _ => false,
    };

    private static HistoryValue ValueOf(EdnNode node) => node.Kind switch
    {
        EdnKind.Scalar => node.Scalar,
        EdnKind.Keyword => HistoryValue.FromString(":" + node.Name),
        EdnKind.Sequence => HistoryValue.List([.. node.Members.Select(ValueOf)]),
        EdnKind.Map => throw new HistoryFormatException(node.Line, "has a map as a value: give nil, a whole number, a text, a keyword or a vector of them."),
        _ => throw new HistoryFormatException(node.Line, $"has the value {node.Name}: give nil, a whole number of 64 bits, a text, a keyword or a vector of them."),
    };
}
