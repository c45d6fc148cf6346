using System.Globalization;

namespace RaftStream.Lab.Bench.Scale;

/// <summary>How busy the machine's cores are, all together, out of the first line of /proc/stat (proc(5)).</summary>
internal readonly record struct CpuUse(long Busy, long All)
{
    private const string File = "/proc/stat";
    private const int Idle = 3;
    private const int WaitingForDisk = 4;
    private const int Guest = 8; // It and the next are part of the first two.

    /// <summary>What the cores have done so far; null on systems that do not tell.</summary>
    public static CpuUse? Read()
    {
        if (!System.IO.File.Exists(File))
            return null;
        var ticks = System.IO.File.ReadLines(File).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Guest).Select(static text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new(ticks.Sum() - ticks[Idle] - ticks[WaitingForDisk], ticks.Sum());
    }

    /// <summary>The share of the cores' time that was used since: 0 to 1.</summary>
    public static double? Since(CpuUse? before) => before is { } then && Read() is { } now && now.All > then.All ? Math.Round((double)(now.Busy - then.Busy) / (now.All - then.All), 3) : null;
}
