namespace RaftStream.Testing.Linearizability;

/// <summary>How an operation is drawn.</summary>
internal enum BarKind
{
    /// <summary>In the order found.</summary>
    Ordered = 0,

    /// <summary>Answered, and not in it.</summary>
    Unordered = 1,

    /// <summary>Open, and not in it.</summary>
    Open = 2,

    /// <summary>Open, and in it.</summary>
    Effect = 3,
}

/// <summary>An operation in a picture.</summary>
/// <param name="Operation">It.</param>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Rank">Its place in the order found, from 1; 0 if it has none.</param>
/// <param name="From">The column of its call.</param>
/// <param name="To">The column of its answer; one behind the last if that comes later or never.</param>
internal readonly record struct Bar(Operation Operation, BarKind Kind, int Rank, int From, int To);

/// <summary>
/// Which operations on a key are drawn, and where: one column for each call and answer among them, in bands of so many columns as fit on
/// a page.
/// </summary>
internal sealed class PictureLayout
{
    /// <summary>Columns in a band.</summary>
    public const int ColumnsInBand = 24;

    public PictureLayout(KeyResult key)
    {
        var all = key.Illegal?.Operations ?? key.Operations;
        var order = key.Illegal?.Linearization ?? key.Linearization;
        var end = key.Illegal?.Last.Returned ?? Operation.Never - 1;
        var ranks = new Dictionary<Operation, int>();
        foreach (var operation in order)
            ranks[operation] = ranks.Count + 1;
        var unordered = key.Illegal?.Unordered.ToHashSet() ?? [];
        var shown = Choose(all, unordered);
        LeftOut = all.Count - shown.Count;
        var columns = shown.Select(static operation => operation.Invoked)
            .Concat(shown.Where(operation => operation.Returned <= end).Select(static operation => operation.Returned))
            .Order().Select(static (position, column) => (position, column)).ToDictionary(static pair => pair.position, static pair => pair.column);
        Columns = Math.Max(1, columns.Count);
        EndColumn = key.Illegal is null ? -1 : columns.GetValueOrDefault(end, -1);
        Bars = [.. shown.Select(operation => BarOf(operation, unordered.Contains(operation) ? 0 : ranks.GetValueOrDefault(operation), operation.Returned <= end, columns))];
    }

    /// <summary>The bars, in the order of their calls.</summary>
    public IReadOnlyList<Bar> Bars { get; }

    /// <summary>How many columns there are.</summary>
    public int Columns { get; }

    /// <summary>How many bands.</summary>
    public int Bands => (Columns + ColumnsInBand - 1) / ColumnsInBand;

    /// <summary>The column of the answer that nothing explains; -1 if there is none.</summary>
    public int EndColumn { get; }

    /// <summary>How many operations are not drawn.</summary>
    public int LeftOut { get; }

    private Bar BarOf(Operation operation, int rank, bool isAnswered, Dictionary<int, int> columns)
    {
        var kind = rank > 0 ? isAnswered ? BarKind.Ordered : BarKind.Effect : isAnswered ? BarKind.Unordered : BarKind.Open;
        return new(operation, kind, rank, columns[operation.Invoked], isAnswered ? columns[operation.Returned] : Columns);
    }

    private static List<Operation> Choose(IReadOnlyList<Operation> all, HashSet<Operation> important)
    {
        if (all.Count <= HistoryPicture.MaxOperations)
            return [.. all];
        var unordered = all.Where(important.Contains).TakeLast(HistoryPicture.MaxOperations / 4).ToHashSet();
        var last = all.Where(operation => !unordered.Contains(operation)).TakeLast(HistoryPicture.MaxOperations - unordered.Count);
        return [.. unordered.Concat(last).OrderBy(static operation => operation.Invoked)];
    }
}
