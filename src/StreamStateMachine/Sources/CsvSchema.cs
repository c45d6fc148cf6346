using System.Collections.Frozen;

namespace RaftStream.StreamStateMachine;

/// <summary>Which columns of a CSV file a job reads. The file may have more, in any order.</summary>
public sealed class CsvSchema
{
    /// <summary>The most columns.</summary>
    public const int MaxColumns = 256;

    /// <summary>The most columns of local times that are told apart by the order of rows: a position has room for these.</summary>
    private const int MaxMemories = 4;

    private readonly FrozenDictionary<string, int> _indexes;

    /// <summary>A schema of these columns, with a comma between fields.</summary>
    /// <param name="columns">1 to 256 columns of different names, at most 4 of them with <see cref="CsvRepeatedTime.ByOrder"/> in a zone other than UTC.</param>
    /// <exception cref="ArgumentException">They are fewer or more, or two have one name.</exception>
    public CsvSchema(params CsvColumn[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Length is < 1 or > MaxColumns)
            throw new ArgumentException($"A schema has 1 to {MaxColumns} columns, not {columns.Length}.", nameof(columns));
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var column in columns)
        {
            if (!indexes.TryAdd(column.Name, indexes.Count))
                throw new ArgumentException($"Two columns have the name '{column.Name}': a row could not tell which one is meant.", nameof(columns));
        }

        if (columns.Count(static column => column.HasMemory) > MaxMemories)
            throw new ArgumentException($"More than {MaxMemories} columns tell repeated times apart by order: give some of them another {nameof(CsvColumn.RepeatedTime)}.", nameof(columns));
        Columns = [.. columns];
        _indexes = indexes.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<CsvColumn> Columns { get; }

    /// <summary>What stands between fields: one ASCII character but no quote, letter, digit or line end; a comma by default.</summary>
    /// <exception cref="ArgumentException">It is another one.</exception>
    public char Separator
    {
        get;
        init => field = char.IsAscii(value) && !char.IsLetterOrDigit(value) && value is not ('"' or '\r' or '\n' or '\0')
            ? value
            : throw new ArgumentException("Give one ASCII character as the separator, which is no quote, letter, digit or line end.");
    } = ',';

    /// <summary>Where a column of that name and type is.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    internal int IndexOf(string name, CsvType type)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_indexes.TryGetValue(name, out var index))
            throw new ArgumentException($"The schema has no column '{name}': it has {string.Join(", ", Columns.Select(static column => $"'{column.Name}'"))}.", nameof(name));
        if (Columns[index].Type != type)
            throw new ArgumentException($"The column '{name}' is of type {Columns[index].Type}, not {type}: ask for that.", nameof(name));
        return index;
    }
}
