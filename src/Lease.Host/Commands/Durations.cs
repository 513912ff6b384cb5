using System.Globalization;

namespace Lease.Host.Commands;

/// <summary>Reads times as people write them: <c>10s</c>, <c>2m</c>, <c>1h</c>, <c>500ms</c>; a plain number is seconds.</summary>
internal static class Durations
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var digits = text.TrimEnd("abcdefghijklmnopqrstuvwxyz".ToCharArray());
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number is <= 0 or > 1e9)
            return false;
        duration = text[digits.Length..] switch
        {
            "" or "s" => TimeSpan.FromSeconds(number),
            "ms" => TimeSpan.FromMilliseconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.Zero,
        };
        return duration > TimeSpan.Zero;
    }
}
