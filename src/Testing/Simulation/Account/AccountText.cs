using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>Draws an account as plain text: a lane a node, an arrow a message, and what it says at the right.</summary>
internal static class AccountText
{
    private const int LaneWidth = 8;

    public static string Draw(IReadOnlyList<AccountLine> lines)
    {
        var text = new StringBuilder();
        var lanes = LanesOf(lines);
        text.Append(' ', 17);
        foreach (var node in lanes)
            text.Append(CultureInfo.InvariantCulture, $"{"n" + node.ToString(CultureInfo.InvariantCulture),-LaneWidth}");
        text.AppendLine();
        foreach (var line in lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"{line.At / 1e6,12:0.000} ms  ").Append(LanesWith(line, lanes)).Append("  ").Append(line.What);
            if (line.Fate is { } fate)
                text.Append(CultureInfo.InvariantCulture, $" ({fate})");
            else if (line.IsMessage)
                text.Append(CultureInfo.InvariantCulture, $" (sent at {line.SentAt / 1e6:0.000})");
            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>The nodes that an account tells of, in order.</summary>
    public static int[] LanesOf(IReadOnlyList<AccountLine> lines) =>
        [.. lines.SelectMany(static line => new[] { line.From, line.To }).Where(static node => node > 0).Distinct().Order()];

    private static string LanesWith(AccountLine line, int[] lanes)
    {
        var row = new char[(lanes.Length - 1) * LaneWidth + 2];
        Array.Fill(row, ' ');
        for (var lane = 0; lane < lanes.Length; lane++)
            row[(lane * LaneWidth) + 1] = '|';
        var from = (Array.IndexOf(lanes, line.From) * LaneWidth) + 1;
        if (!line.IsMessage)
        {
            if (line.From > 0)
                row[from] = '*';
            return new(row);
        }

        var to = (Array.IndexOf(lanes, line.To) * LaneWidth) + 1;
        var step = Math.Sign(to - from);

        // What does not arrive ends half way.
        var end = line.Fate is null ? to : from + ((to - from) / 2);
        for (var place = from + step; place != end; place += step)
            row[place] = row[place] == '|' ? '+' : '-';
        row[from] = 'o';
        row[end] = line.Fate is not null ? 'x' : step > 0 ? '>' : '<';
        return new(row);
    }
}
