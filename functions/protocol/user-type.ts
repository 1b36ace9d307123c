/** DJI's user type of the web page, which is meant where nobody names one. Pilot's is 2. */
export const WEB_USER = 1;
